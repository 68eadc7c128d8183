"""Webhooks: endpoints of a tenant are told what happened, signed, at least once."""
