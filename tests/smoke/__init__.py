"""`make smoke`: whether an installation works, in a minute, a line for each thing that must."""
