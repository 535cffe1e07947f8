"""What is made by hand now and then, and put into the tree."""
