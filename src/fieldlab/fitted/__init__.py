"""Fitted fields, asked at any point and any resolution."""
