"""The demo: synthetic images made by code, said to be synthetic wherever they show."""
