"""What a tree is worth: exact, decimal, at points, as sets."""
