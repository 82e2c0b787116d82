"""The figures of single studies."""
