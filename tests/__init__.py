"""The product's tests, laid out like the packages they test."""
