"""Query: a fitted field is continuous, so ask it for any place and any resolution."""
