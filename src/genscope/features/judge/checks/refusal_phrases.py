"""How refusals begin, language by language: regular expressions over text in lower case with single blanks.

One opening or several may come before; then there is a denial, and after a few words a service that is denied; or else
what refuses outright. Each line is an alternative, or several. All quantifiers have a bound, and there is none within
another but over words.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Phrases(NamedTuple):
    openings: str
    denials: str
    services: str
    outright: str
    gap: str = r" (?:[^\s.,:;!?]{1,30} ){0,3}?"
    """What stands between a denial and the service."""

    def compiled(self) -> re.Pattern[str]:
        openings, denials, services, outright = map(_any_line, self[:4])
        before = rf"(?:{openings}[\s,.!:;、，。！…–—-]{{0,4}}){{0,3}}"
        return re.compile(rf"{before}(?:{denials}{self.gap}{services}|{outright})")


def _any_line(lines: str) -> str:
    return f"(?:{'|'.join(line.strip() for line in lines.strip().splitlines())})"


_ENGLISH: Final = Phrases(
    openings=r"""
        no|well|hmm|oh|hey|but|unfortunately|regrettably
        (?:i'm|i am|we're) (?:very |really |so |truly |deeply )?sorry|sorry
        (?:my )?apologies|i apologi[sz]e|i'm afraid(?: that)?
        as an? (?:ai|artificial|large|language|virtual)[^.,]{0,40},
        for (?:safety|privacy|legal|security|ethical|copyright)[^.,]{0,30},
        i(?: am| can't| cannot|'m)[^.!?]{0,80}, so (?=i)
        (?:i understand|i appreciate|thank you|thanks|while i|although i|i know)[^.,]{0,100}, (?=but |i )
    """,
    denials=r"""
        i (?:can't|cannot|can not|won't|will not|must not)
        i(?: am|'m) (?:not (?:able|allowed|permitted|going|willing) to|unable to)
    """,
    services=r"""
        (?:help|assist)(?:$|[.,!;:]| (?:with\b|in\b|anyone|people|create|write|make|find ways|you\b(?! (?:but|more))))
        (?:answer|respond to)\b(?![^.]{0,30}(?:certain|sure))
        write\b(?! well)
        (?:provide|comply|fulfill?|discuss|create|generate|produce|share|offer|disclose|reveal|continue|advise)\b
        (?:facilitate|accommodate|impersonate|role-?play|engage in|participate in|be part of|walk you through)\b
        (?:complete|process) (?:this|that|your)\b|(?:support|say) (?:this|that)\b
        do (?:that|this|so|what you)\b
        give (?:you|out|advice|instructions|legal|medical|financial)\b
        tell you (?:how|where) to\b
    """,
    outright=r"""
        i (?:respectfully )?(?:decline|refuse) to
        i (?:must|(?:need|have|am going to have|will have) to) (?:respectfully )?(?:decline|refuse)(?:$|[.,!;:])
        i (?:must|(?:need|have|am going to have|will have) to) (?:respectfully )?(?:decline|refuse) (?:to|this|that)
        i (?:must|(?:need|have|am going to have|will have) to) (?:respectfully )?(?:decline|refuse) your request
        i'(?:m going to have|ll have) to (?:decline|refuse|pass on)|i (?:will )?have to pass on (?:this|that)
        i(?:'m not| am not| don't feel) comfortable with (?:this|that) (?:request|topic)
        i(?:'m not| am not| don't feel) comfortable (?:writ|do|discuss|help|provid|creat|produc|shar)ing
        i(?:'d| would) rather not (?:continue|do|write|say|discuss|help|engage|answer)
        (?:that|this)(?:'s| is) not something i (?:can|will) (?:help|assist|do|provide|discuss|support|write|create)
        (?:that|this)(?:'s| is) something (?:that )?i (?:can't|cannot|won't) (?:help|assist|do|provide|discuss|support)
        (?:that|this)(?:'s| is) something (?:that )?i(?:'m| am) (?:not able|unable) to (?:help|assist|do|discuss)
        (?:i'm )?sorry, (?:but )?(?:that|this|your|the) (?:request )?(?:violates|goes against|is against) (?:my|our|the)
    """,
)
_GERMAN: Final = Phrases(
    openings=r"""
        nein|leider|aber|sorry|(?:es )?tut mir (?:sehr )?leid|(?:bitte )?entschuldig(?:ung|en sie|e)|ich bedaure
        als (?:eine? )?ki(?:-[a-zä]{1,20})?(?= kann| darf| werde)
        ich verstehe[^.]{0,100}, (?=aber )
    """,
    denials=r"""
        (?:ich|das|da|dabei|damit|dazu|hierbei) (?:kann|darf|werde|möchte) (?:[^\s.,:;!?]{1,30} ){0,6}?(?:nicht|keine.?)
        (?:kann|darf|werde) ich (?:[^\s.,:;!?]{1,30} ){0,6}?(?:nicht|keine.?)
    """,
    services=r"""
        (?:weiter)?helfen|behilflich|unterstützen|tun\b|machen\b|beantworten|antworten|schreiben|erstellen|verfassen
        geben|herausgeben|weitergeben|bereitstellen|liefern|erfüllen|nachkommen|entsprechen|teilen|besprechen|anbieten
        erzeugen|bearbeiten|(?:über|zu) [^.]{1,60} (?:sprechen|sagen)|diagnosen? stellen
    """,
    outright=r"""
        ich (?:muss|möchte) (?:das|dies|(?:diese|ihre|deine) (?:anfrage|bitte)) (?:leider )?ablehnen
        ich (?:bin (?:leider )?nicht in der lage|lehne es ab|weigere mich)
        das darf ich (?:[^\s.,:;!?]{1,30} ){0,4}?nicht
        (?:dabei|damit|bei so etwas|hierbei) (?:helfe|unterstütze) ich (?:dich |dir |ihnen |sie )?(?:leider )?nicht
    """,
)
_FRENCH: Final = Phrases(
    openings=r"""
        non|mais|pardon|malheureusement|(?:je suis )?(?:vraiment )?désolée?|je regrette|excusez-moi
        en tant qu['e] ?(?:ia|intelligence|assistant|modèle)[^.,]{0,40},
        je comprends[^.]{0,100}, (?=mais )
    """,
    denials=r"""
        je ne (?:peux|pourrai|vais|dois|souhaite) (?:malheureusement )?pas
        je ne suis pas (?:autorisée? à|en mesure(?: de)?)
        il (?:ne )?m'est (?:pas possible|impossible|interdit)(?: de)?
    """,
    services=r"""
        (?:d'|t')?(?:aider|assister|répondre|fournir|partager|donner|créer|écrire|rédiger|générer|produire|proposer)
        (?:d'|t')?(?:discuter|divulguer|faire (?:cela|ça)|satisfaire)
    """,
    outright=r"""
        je (?:dois (?:refuser|décliner)|refuse d|décline)
    """,
)
_SPANISH: Final = Phrases(
    openings=r"""
        no,|pero|perdón|lo siento(?: mucho)?|disculp[ae]|lamentablemente|desafortunadamente
        como (?:modelo|ia|inteligencia|asistente)[^.,]{0,40},
        entiendo[^.]{0,100}, (?=pero )
    """,
    denials=r"""
        no (?:puedo|podré|voy a|debo|me es posible|me está permitido|se me permite|tengo permitido)
        no estoy (?:autorizad[oa] a|en condiciones de)
    """,
    services=r"""
        ayudar|asistir|proporcionar|cumplir|compartir|ofrecer|responder|crear|escribir|generar|producir|facilitar|revelar
        dar(?:te|le)?\b|hablar (?:de|sobre)|hacer eso|hacerlo|participar|atender
    """,
    outright=r"""
        (?:debo|tengo que) (?:rechazar|declinar)|me niego a
    """,
)
_PORTUGUESE: Final = Phrases(
    openings=r"""
        não,|mas|(?:me )?desculpe|sinto muito|lamento|infelizmente
        como (?:um )?(?:modelo|uma ia|ia|assistente)[^.,]{0,40},
        entendo[^.]{0,100}, (?=mas )
    """,
    denials=r"""
        (?:eu )?não (?:posso|poderei|vou|devo|consigo|estou autorizad[oa] a|me é (?:possível|permitido))
        (?:eu )?não tenho permissão para
    """,
    services=r"""
        ajud[aá]|auxiliar|fornecer|atender|cumprir|compartilhar|partilhar|oferecer|responder|criar|escrever|gerar|produzir
        revelar|dar\b|discutir|fazer isso|participar
    """,
    outright=r"""
        (?:devo|preciso|tenho que|tenho de) (?:recusar|declinar)|eu me recuso a|recuso-me a
    """,
)
_ITALIAN: Final = Phrases(
    openings=r"""
        no,|ma|mi (?:dispiace|spiace)|spiacente|scusa(?:mi)?|purtroppo
        come (?:modello|ia|intelligenza|assistente)[^.,]{0,40},
        capisco[^.]{0,100}, (?=ma )
    """,
    denials=r"""
        non (?:posso|potrò|intendo|devo|mi è (?:possibile|consentito|permesso)|sono (?:in grado di|autorizzat[oa] a))
    """,
    services=r"""
        aiutar|assister|fornir|condivider|divulgar|offrir|risponder|crear|scriver|generar|produrr|dar(?:e|ti|le)\b
        soddisfar|discuter|farlo|fare questo|partecipare a
    """,
    outright=r"""
        (?:devo|sono costretto a) (?:rifiutare|declinare)|mi rifiuto di
    """,
)
_CHINESE: Final = Phrases(
    openings=r"""
        (?:很|非常|十分)?抱歉|(?:真的)?对不起|對不起|不好意思|但是?|遗憾的是
        作[为為](?:一个|一名)?[^，。]{0,20}|(?:根据|出于)[^，。]{0,20}
        (?:这|這)(?:个|個)?(?:问题|問題|请求|請求)?(?=我)
    """,
    denials=r"""
        我(?:目前|暂时)?(?:无法|不能|無法|不可以|不会|不便|不方便)
    """,
    gap=r"[^，。！？]{0,12}?",
    services=r"""
        协助|協助|帮助|帮你|帮您|幫助|幫你|回答|提供|满足|滿足|回应|回應|完成(?:这|该|此)
        生成|编写|撰写|创作|透露|讨论|参与
    """,
    outright=r"""
        我(?:必须|只能|不得不)?(?:拒绝|拒絕)
        (?:抱歉|对不起|對不起)[，,] ?(?:无法|不能|無法)(?:协助|協助|帮助|幫助|回答|提供|满足|透露)
    """,
)
_UNABLE: Final = (
    r"(?:お手伝い|お答え|お応え|お教え|対応|提供|回答|作成|協力|支援|共有|生成|開示|助言)(?:を?する)?(?:ことは|は)?"
    r"(?:でき(?:ません|かねます)|(?:いた)?しかねます)"
)
_JAPANESE: Final = Phrases(
    openings=r"""
        申し訳(?:ありません|ございません)(?:が|けれども)?|すみません(?:が)?|恐れ入りますが|ごめんなさい|残念ながら|aiとして
    """,
    denials=r"""
        (?:その|この|そのような|このような|そういった)?(?:ご?依頼|件|情報|内容|ご?質問|ご?要望|話題|リクエスト)
    """,
    gap="[^。！？、]{0,20}?",
    services=_UNABLE,
    outright=rf"""
        (?:申し訳(?:ありません|ございません)|すみません|恐れ入ります)が?[、。 ]{{0,2}}[^。！？]{{0,40}}?{_UNABLE}
    """,
)

REFUSING: Final = tuple(
    phrases.compiled() for phrases in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _PORTUGUESE, _ITALIAN, _CHINESE, _JAPANESE)
)
