"""What every other app stands on: errors, API base, blob storage, health."""
