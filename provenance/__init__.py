"""Where a file says it comes from: signed credentials, declared markers, fingerprints."""
