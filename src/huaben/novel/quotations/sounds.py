"""Quotations that are a sound: 当, 吱扭吱扭, “哎哟”一声."""

import re

LETTERS = (
    "当咚哗嗒滴叮砰轰啪呜嘀咔嚓哐铛嘭喀吱呀嘎哒梆噗扑哧通嗡呼嘶咣啷沙哎唉吭铮锵叽喳汪喵咕噜轱辘笃扭咯哇嘣噔噌嗖唰"
    "嗤隆喔咩哞嘟噼叭啦呛楞嗵卟喇嗷膨唿"
)
SOUND = re.compile(rf"[{LETTERS}][{LETTERS}—…，。！、 ]*")
ECHO = re.compile(r"(\w{1,2})[，、—]?\1([，、—]?\1)*[—…]*")
"""吱扭吱扭, 咯咯: a word that only repeats itself."""
AFTER = re.compile(r"(?:的|地)?(?:一|两|几)[声响下聲響]|地|的[叫响]")
HEARD = re.compile(r"(?:的|地)?(?:一|两|几)[声响聲響]|的一[声响聲響]")
"""After a word that need not look like a sound: “哎哟”一声."""
LONGEST = 5
TAG = re.compile(r"[^，。！？“”‘’\n]{0,8}(?:说|道|问|答|应|說|問|應)")
"""Somebody says it."""


def is_sound(content: str, after: str) -> bool:
    """Tell a sound by its letters, its repetition, or by what is told of it right after."""
    if TAG.match(after):
        return False
    is_echo = ECHO.fullmatch(content) and (len(content) > 3 or AFTER.match(after))
    is_struck = len(content) == 1 and AFTER.match(after) and not after.startswith(("一下", "两下"))
    is_heard = len(content) <= LONGEST and content.isalpha() and HEARD.match(after)
    return bool(SOUND.fullmatch(content) or is_echo or is_struck or is_heard)
