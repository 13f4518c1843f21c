"""What turns pictures into embeddings: models, and the engines that run their networks."""
