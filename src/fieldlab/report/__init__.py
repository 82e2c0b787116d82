"""Report: the tables, figures and pages of a study."""
