"""The Lookalike server: embeds pictures, keeps them, finds the ones that look alike."""
