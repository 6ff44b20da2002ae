"""What `make up` starts by itself: a PostgreSQL of our own, the processes around it, and their supervisor."""
