"""Where uploaded files and previews lie: `protocol` is what is asked of a store."""
