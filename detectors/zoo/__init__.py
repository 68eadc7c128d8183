"""Model cards and the weights they vouch for."""
