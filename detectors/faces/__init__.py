"""Faces in pictures: finding and aligning them, and judging whether one was swapped in."""
