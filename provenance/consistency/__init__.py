"""Does what a file says of itself fit together? Traces, never verdicts. One module per question."""
