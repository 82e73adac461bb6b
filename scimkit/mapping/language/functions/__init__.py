"""The functions of the expression language, a module for each family."""
