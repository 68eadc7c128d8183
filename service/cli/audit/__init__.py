"""`assay audit`: `walk` finds files, `parallel` analyses them, `results_file` keeps the answers."""
