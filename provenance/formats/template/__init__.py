"""Chat templates (Jinja), read and never rendered."""
