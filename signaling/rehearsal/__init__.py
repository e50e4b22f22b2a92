"""A conference's whole day with synthetic people on both sides, and an account of it that must add up."""
