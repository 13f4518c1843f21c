"""`python -m benchmarks.filters`: filtered search beside other engines."""
