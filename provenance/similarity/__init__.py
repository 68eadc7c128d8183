"""Find the original of a copy: descriptors of decoded media, and an index of them on disk."""
