"""`python -m trainlab`: the command line, for machines where the script is not on the path."""

from trainlab.cli.main import main

if __name__ == "__main__":
    main()
