"""What Habla costs, measured from outside on a real serving process: `python -m benches`."""
