"""Scripts that train the committed weights, one command each."""
