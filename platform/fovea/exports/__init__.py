"""Labels on their way out."""
