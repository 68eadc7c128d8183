"""Celery processes. Tasks are thin; everything they do is a use case of the service."""
