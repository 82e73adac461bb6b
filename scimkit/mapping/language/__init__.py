"""The expression language of attribute mappings: text to tree, tree to value, and the words for what is wrong."""
