# calc.awk: a calculator that answers each line at once: "2 * (3 + 4)" gives 14.
#
# A recursive descent over the line, a function for each level of precedence:
#
#     sum     = product { ("+" | "-") product }
#     product = factor { ("*" | "/") factor }
#     factor  = number | "-" factor | "(" sum ")"
#
# Nothing is ever executed: what isn't arithmetic is an error. The bound on the length of a line
# also bounds the recursion (mawk's stack ends at 128 parentheses), and no number can overflow.

{
    sub(/\r$/, "")
    print calculate($0)
    fflush()
}

function calculate(line,    value)
{
    if (length(line) > 100)
        return "error: a line has at most 100 characters"
    rest = line
    problem = ""
    next_token()
    value = sum()
    if (token != "")
        fail("an operator or the end was expected")
    if (problem != "")
        return "error: column " (length(line) - problem_rest + 1) ": " problem
    return sprintf("%.15g", value + 0)
}

function sum(    value)
{
    value = product()
    while (token == "+" || token == "-") {
        if (accept("+"))
            value += product()
        else if (accept("-"))
            value -= product()
    }
    return value
}

function product(    value, divisor)
{
    value = factor()
    while (token == "*" || token == "/") {
        if (accept("*"))
            value *= factor()
        else if (accept("/")) {
            divisor = factor()
            if (divisor == 0)
                fail("division by zero")
            else
                value /= divisor
        }
    }
    return value
}

function factor(    value)
{
    if (accept("-"))
        return -factor()
    if (accept("(")) {
        value = sum()
        if (!accept(")"))
            fail("a ) was expected")
        return value
    }
    value = token
    if (value !~ /[0-9]/)
        fail("a number was expected")
    else
        next_token()
    return value + 0
}

function accept(wanted)
{
    if (token != wanted)
        return 0
    next_token()
    return 1
}

# Takes the next number or character off the rest of the line; "" at its end.
function next_token()
{
    sub(/^[ \t]+/, "", rest)
    if (!match(rest, /^([0-9]+\.?[0-9]*|\.[0-9]+)/))
        RLENGTH = 1
    token = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
}

# The first problem is the one to tell; the rest of the line is dropped.
function fail(text)
{
    if (problem == "") {
        problem = text
        problem_rest = length(token) + length(rest)
    }
    rest = token = ""
}
