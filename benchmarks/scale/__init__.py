"""One large collection: what it takes to build, to keep and to search, beside raw hnswlib and FAISS."""
