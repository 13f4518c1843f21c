"""The doors: one file a service, message to domain call to message, and no logic of their own."""
