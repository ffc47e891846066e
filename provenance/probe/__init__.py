"""What a model does when its circumstances change: the same tasks on many days and for many users,
judged by the tool calls that come back, and stated of the very bytes that answered.

`suite` and `contexts` say what is asked, `server` who answers, `asking` is the one door to Inspect
(in a process of its own, `inspected`), `findings` and `narrowing` are pure. A pass says what was
asked and that nothing differed; it never says that a model is harmless.
"""
