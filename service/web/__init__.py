"""The page people look at, rendered on the server."""
