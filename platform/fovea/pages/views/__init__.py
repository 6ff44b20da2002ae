"""One module of views a section of the site."""
