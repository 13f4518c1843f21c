"""What happens to a picture's bytes: decode (1), batch (2), embed (3)."""
