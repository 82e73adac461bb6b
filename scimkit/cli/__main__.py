"""`python -m scimkit.cli`: the command line if the script `scimkit` is not on the path."""

from scimkit.cli import main

if __name__ == "__main__":
    main()
