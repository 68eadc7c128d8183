"""Still pictures, one module for what is peculiar to each container. Sandboxed child only."""
