//! From tokens to an expression whose types fit.

use super::Refused;
use super::lex::{Placed, Token, refuse, tokens};
use super::pattern::Pattern;
use super::select::{Matcher, Wanted};

#[derive(Clone, Debug)]
pub(in crate::simulator::prometheus) enum Expr {
    Number(f64),
    Text(String),
    Select(Selector),
    Call(Function, Vec<Expr>),
    Aggregate {
        by: Grouping,
        how: Aggregation,
        of: Box<Expr>,
    },
    Binary(Operator, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(in crate::simulator::prometheus) struct Selector {
    pub(in crate::simulator::prometheus) matchers: Vec<Matcher>,
    /// Milliseconds.
    pub(in crate::simulator::prometheus) range: Option<i64>,
    /// Its place among the selectors of the query.
    pub(super) number: usize,
}

/// Labels that tell groups apart: these, or all but these.
#[derive(Clone, Debug)]
pub(in crate::simulator::prometheus) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator::prometheus) enum Type {
    Scalar,
    Vector,
    Range,
    Text,
}

impl Type {
    pub(in crate::simulator::prometheus) fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Range => "range vector",
            Self::Text => "string",
        }
    }
}

/// Words of PromQL, each with what it means.
macro_rules! words {
    ($name:ident: $($word:literal => $variant:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::simulator::prometheus) enum $name { $($variant),+ }

        impl $name {
            fn named(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words!(Function: "increase" => Increase, "rate" => Rate, "histogram_quantile" => HistogramQuantile,
    "label_replace" => LabelReplace, "scalar" => Scalar, "vector" => Vector, "time" => Time);
words!(Aggregation: "sum" => Sum, "avg" => Avg, "min" => Min, "max" => Max, "count" => Count);
words!(Operator: "or" => Or, "and" => And, "unless" => Unless, "+" => Plus, "-" => Minus, "*" => Times, "/" => Over);

impl Function {
    fn takes(self) -> &'static [Type] {
        use Type::{Range, Scalar, Text, Vector};
        match self {
            Self::Increase | Self::Rate => &[Range],
            Self::HistogramQuantile => &[Scalar, Vector],
            Self::LabelReplace => &[Vector, Text, Text, Text, Text],
            Self::Scalar => &[Vector],
            Self::Vector => &[Scalar],
            Self::Time => &[],
        }
    }
}

impl Operator {
    /// How tightly it binds.
    fn rank(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Plus | Self::Minus => 3,
            Self::Times | Self::Over => 4,
        }
    }

    pub(super) fn is_of_sets(self) -> bool {
        self.rank() < 3
    }

    fn of_sets(self) -> Option<&'static str> {
        match self {
            Self::Or => Some("or"),
            Self::And => Some("and"),
            Self::Unless => Some("unless"),
            Self::Plus | Self::Minus | Self::Times | Self::Over => None,
        }
    }
}

impl Expr {
    pub(in crate::simulator::prometheus) fn kind(&self) -> Type {
        match self {
            Self::Number(_) | Self::Call(Function::Scalar | Function::Time, _) => Type::Scalar,
            Self::Text(_) => Type::Text,
            Self::Select(selector) if selector.range.is_some() => Type::Range,
            Self::Select(_) | Self::Aggregate { .. } | Self::Call(..) => Type::Vector,
            Self::Negative(of) => of.kind(),
            Self::Binary(_, left, right) => match (left.kind(), right.kind()) {
                (Type::Scalar, Type::Scalar) => Type::Scalar,
                _ => Type::Vector,
            },
        }
    }

    /// Every selector, in the order of their numbers.
    pub(in crate::simulator::prometheus) fn selectors(&self) -> Vec<&Selector> {
        match self {
            Self::Number(_) | Self::Text(_) => Vec::new(),
            Self::Select(selector) => vec![selector],
            Self::Call(_, args) => args.iter().flat_map(Self::selectors).collect(),
            Self::Aggregate { of, .. } | Self::Negative(of) => of.selectors(),
            Self::Binary(_, left, right) => [left.selectors(), right.selectors()].concat(),
        }
    }
}

/// Reads a query; refuses what is no PromQL, and what is beyond what is known here.
pub(in crate::simulator::prometheus) fn parse(query: &str) -> Result<Expr, Refused> {
    let mut parser = Parser {
        query,
        tokens: tokens(query)?,
        next: 0,
        selectors: 0,
    };
    if *parser.peek() == Token::End {
        return Err(refuse(query, 0, "no expression found in input"));
    }
    let expr = parser.expression(1)?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("")),
    }
}

struct Parser<'q> {
    query: &'q str,
    tokens: Vec<Placed>,
    next: usize,
    selectors: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.next)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.next).map_or(0, |(_, place)| *place)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(there);
        there
    }

    fn fail(&self, place: usize, what: &str) -> Refused {
        refuse(self.query, place, what)
    }

    /// `in_what` is ` in label matching, expected …`.
    fn unexpected(&self, in_what: &str) -> Refused {
        let place = self.place();
        let open = |sign: &str, end: &str| {
            let count = |wanted: &str| {
                let same = |(token, _): &&Placed| matches!(token, Token::Sign(it) if *it == wanted);
                self.tokens.iter().filter(same).count()
            };
            count(sign) > count(end)
        };
        let what = match self.peek() {
            Token::End if open("{", "}") => {
                return self.fail(place, "unexpected end of input inside braces");
            }
            Token::End if open("[", "]") => return self.fail(place, "unclosed left bracket"),
            Token::End if open("(", ")") => return self.fail(place, "unclosed left parenthesis"),
            Token::End => return self.fail(place, "unexpected end of input"),
            // What is behind a bracket too many is told by the reader of characters.
            Token::Sign(")") if in_what.is_empty() => {
                return self.fail(place + 1, "unexpected right parenthesis ')'");
            }
            Token::Sign(sign) => format!("unexpected {sign:?}"),
            Token::Word(word) => format!("unexpected identifier {word:?}"),
            Token::Text(text) => format!("unexpected string {text:?}"),
            Token::Number(number) => format!("unexpected number \"{number}\""),
            Token::Duration(_) => "unexpected duration".to_owned(),
        };
        self.fail(place, &format!("{what}{in_what}"))
    }

    fn expression(&mut self, least: u8) -> Result<Expr, Refused> {
        let begins = self.place();
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Sign(sign) => Operator::named(sign),
                Token::Word(word) => Operator::named(word),
                _ => None,
            };
            let Some(operator) = operator.filter(|operator| operator.rank() >= least) else {
                return Ok(left);
            };
            self.take();
            let at_right = self.place();
            let right = self.expression(operator.rank() + 1)?;
            let scalar = [&left, &right]
                .into_iter()
                .any(|side| side.kind() == Type::Scalar);
            for (side, place) in [(&left, begins), (&right, at_right)] {
                if !matches!(side.kind(), Type::Scalar | Type::Vector) {
                    let what =
                        "binary expression must contain only scalar and instant vector types";
                    return Err(self.fail(place, what));
                }
            }
            if let Some(word) = operator.of_sets().filter(|_| scalar) {
                let what = format!("set operator {word:?} not allowed in binary scalar expression");
                return Err(self.fail(begins, &what));
            }
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn unary(&mut self) -> Result<Expr, Refused> {
        if self.takes("-") {
            return Ok(Expr::Negative(Box::new(self.unary()?)));
        }
        let place = self.place();
        match self.peek().clone() {
            Token::Number(number) => {
                self.take();
                Ok(Expr::Number(number))
            }
            Token::Text(text) => {
                self.take();
                Ok(Expr::Text(text))
            }
            Token::Sign("(") => {
                self.take();
                let expr = self.expression(1)?;
                self.close(" in paren expression")?;
                Ok(expr)
            }
            Token::Sign("{") => self.selector(None, place),
            Token::Word(word) => {
                self.take();
                if let Some(how) = Aggregation::named(&word) {
                    return self.aggregation(how);
                }
                if *self.peek() == Token::Sign("(") {
                    return self.call(&word, place);
                }
                self.selector(Some(&word), place)
            }
            _ => Err(self.unexpected("")),
        }
    }

    fn close(&mut self, in_what: &str) -> Result<(), Refused> {
        if self.takes(")") {
            Ok(())
        } else {
            Err(self.unexpected(in_what))
        }
    }

    fn call(&mut self, word: &str, place: usize) -> Result<Expr, Refused> {
        let unknown = || {
            refuse(
                self.query,
                place,
                &format!("unknown function with name {word:?}"),
            )
        };
        let function = Function::named(word).ok_or_else(unknown)?;
        self.take();
        let mut args = Vec::new();
        if !self.takes(")") {
            loop {
                let place = self.place();
                args.push((self.expression(1)?, place));
                if !self.takes(",") {
                    break;
                }
            }
            self.close(" in paren of a call")?;
        }
        let takes = function.takes();
        if takes.len() != args.len() {
            let (wanted, got) = (takes.len(), args.len());
            let what = format!("expected {wanted} argument(s) in call to {word:?}, got {got}");
            return Err(self.fail(place, &what));
        }
        for (wanted, (arg, place)) in takes.iter().zip(&args) {
            if *wanted != arg.kind() {
                let (wanted, got) = (wanted.name(), arg.kind().name());
                let what =
                    format!("expected type {wanted} in call to function {word:?}, got {got}");
                return Err(self.fail(*place, &what));
            }
        }
        Ok(Expr::Call(
            function,
            args.into_iter().map(|(arg, _)| arg).collect(),
        ))
    }

    fn aggregation(&mut self, how: Aggregation) -> Result<Expr, Refused> {
        let before = self.grouping()?;
        if !self.takes("(") {
            return Err(self.unexpected(" in aggregation"));
        }
        let place = self.place();
        let of = self.expression(1)?;
        self.close(" in paren of an aggregation")?;
        let after = if before.is_none() {
            self.grouping()?
        } else {
            None
        };
        if of.kind() != Type::Vector {
            let got = of.kind().name();
            let what = format!("expected type instant vector in aggregation expression, got {got}");
            return Err(self.fail(place, &what));
        }
        Ok(Expr::Aggregate {
            by: before.or(after).unwrap_or(Grouping::By(Vec::new())),
            how,
            of: Box::new(of),
        })
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Refused> {
        let make = match self.peek() {
            Token::Word(word) if word == "by" => Grouping::By,
            Token::Word(word) if word == "without" => Grouping::Without,
            _ => return Ok(None),
        };
        self.take();
        if !self.takes("(") {
            return Err(self.unexpected(" in grouping opts, expected \"(\""));
        }
        let mut labels = Vec::new();
        while !self.takes(")") {
            let Token::Word(label) = self.peek().clone() else {
                return Err(self.unexpected(" in grouping opts, expected label"));
            };
            self.take();
            labels.push(label);
            if !self.takes(",") && *self.peek() != Token::Sign(")") {
                return Err(self.unexpected(" in grouping opts, expected \",\" or \")\""));
            }
        }
        Ok(Some(make(labels)))
    }

    fn selector(&mut self, name: Option<&str>, place: usize) -> Result<Expr, Refused> {
        let mut matchers: Vec<Matcher> = name.map(Matcher::named).into_iter().collect();
        if self.takes("{") {
            while !self.takes("}") {
                matchers.push(self.matcher()?);
                if !self.takes(",") && *self.peek() != Token::Sign("}") {
                    return Err(self.unexpected(" inside braces"));
                }
            }
        }
        if !matchers.iter().any(Matcher::is_picky) {
            let what = "vector selector must contain at least one non-empty matcher";
            return Err(self.fail(place, what));
        }
        let mut range = None;
        if self.takes("[") {
            let at = self.place();
            range = match self.take() {
                Token::Duration(length) => Some(length),
                Token::Number(_) => {
                    return Err(self.fail(at + 1, "missing unit character in duration"));
                }
                _ => return Err(self.fail(at, "bad duration syntax: \"\"")),
            };
            if !self.takes("]") {
                return Err(self.unexpected(" in subquery or range, expected \":\" or \"]\""));
            }
        }
        let number = self.selectors;
        self.selectors += 1;
        Ok(Expr::Select(Selector {
            matchers,
            range,
            number,
        }))
    }

    fn matcher(&mut self) -> Result<Matcher, Refused> {
        let at_label = self.place();
        let Token::Word(label) = self.peek().clone() else {
            if *self.peek() == Token::End {
                return Err(self.unexpected(" inside braces"));
            }
            return Err(self.unexpected(" in label matching, expected identifier or \"}\""));
        };
        self.take();
        let how = match self.peek() {
            Token::Sign(sign @ ("=" | "!=" | "=~" | "!~")) => *sign,
            Token::End => return Err(self.unexpected(" inside braces")),
            _ => {
                return Err(self.unexpected(" in label matching, expected label matching operator"));
            }
        };
        self.take();
        let Token::Text(value) = self.peek().clone() else {
            return Err(self.unexpected(" in label matching, expected string"));
        };
        self.take();
        let pattern =
            |value: &str| Pattern::parse(value).map_err(|what| self.fail(at_label, &what));
        let wanted = match how {
            "=" => Wanted::Is(value),
            "!=" => Wanted::IsNot(value),
            "=~" => Wanted::Matches(pattern(&value)?),
            _ => Wanted::MatchesNot(pattern(&value)?),
        };
        Ok(Matcher { label, wanted })
    }
}
