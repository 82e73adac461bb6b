"""The expression language of attribute mappings: text to tree, tree to value, and the terms for errors.

From the bottom up; each module imports only from those above it:

    problems      what can be wrong, and where: ExpressionError, EvaluationFault
    values        what an expression can return: text, null, number, date-time, list, ignore mark
    date_text     dates as Entra's sources write them
    settings      the rules that Microsoft's pages leave open, each with a default
    syntax        the six kinds of node of a parsed expression
    words         bare words, and names the language does not have, with what to write instead
    evaluation    what one evaluation can see: the person, the time, the random source, the settings
    comparison    how conditions compare two values
    signatures    what is known about a function: its name and parameters
    compiler      from node to closure
    functions     the functions, one family per module, and their table
    parser        from text to nodes, and back to canonical text
    trees         from Graph's source trees to nodes
    compiled      from text to value: `evaluate`, `compile_expression`
    explanations  one expression for one person: every intermediate value

The compiler receives the table of functions and does not import it. This way a function
that evaluates only some of its arguments (IIF, Switch, Coalesce) can use the compiler.
"""
