"""What listens to annotations."""
