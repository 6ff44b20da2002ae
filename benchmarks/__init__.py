"""Measurements. Each prints ratios taken in one run; none is a test."""
