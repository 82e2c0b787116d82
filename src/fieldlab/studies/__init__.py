"""The figures of named studies."""
