"""Generated from protos/lookalike/v1: `make protos` rewrites everything here but this line."""
