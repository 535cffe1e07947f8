"""What is heard of real people's speech by a real model, and how soon."""
