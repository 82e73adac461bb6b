"""The functions of the language, one family per module; `table` puts them together.

    logic        IIF, Switch, Coalesce, and the tests: IsNull, Not, CBool
    text         Join, Append, Left, Mid, ToLower, Split, Guid
    numbers      BitAnd, CStr, Count
    lists        Item, RemoveDuplicates
    roles        app roles, and what needs the tenant
    dates        CDate, Now, DateAdd, DateDiff, FormatDateTime
      formats    .NET's format letters, for FormatDateTime
    replacement  Replace
      regexes    .NET's patterns, for Replace and the scoping filters
    table        FUNCTIONS: every function by its name in lower case

A new function is a Python function under `@function`, named in the `FUNCTIONS` of its
family. It receives the scope and one value per parameter. A lazy function receives the
compiler and its call instead, and returns the closure.
"""
