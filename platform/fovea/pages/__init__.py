"""HTML pages: shells that the browser modules fill, and lists rendered on the server."""
