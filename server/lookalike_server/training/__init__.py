"""Where weights come from: the conversion of published ones."""
