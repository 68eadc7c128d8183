"""Tables, migrations and the one place that talks SQL."""
