"""What simulated people say: half-sentences, tag words and names in six languages.

Every opening fits every subject, every subject every verb part, every verb part every ending, so a few dozen pieces
give some 40,000 different sentences a language. All of it is invented and harmless. No piece holds a quote, a
backslash or a control character: lines are put together without escaping.
"""

from __future__ import annotations

from typing import NamedTuple

from pipeline.sources.simulator.keys import fold


class Language(NamedTuple):
    """One language's stock of words."""

    openings: tuple[str, ...]
    subjects: tuple[str, ...]
    verbs: tuple[str, ...]
    endings: tuple[str, ...]
    tag_heads: tuple[str, ...]
    tag_tails: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _split(text: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in text.split("|"))


def _opening(text: str) -> tuple[str, ...]:
    return tuple(piece + " " for piece in _split(text))


def _part(text: str) -> tuple[str, ...]:
    return tuple(piece if piece[0] in ",،…" else " " + piece for piece in _split(text))


FRENCH = Language(
    openings=_opening(
        "Franchement,|Ce matin,|Bonne nouvelle :|Enfin !|Dites,|À l'instant,|Petit rappel :|Je confirme :|Vu d'ici,"
        "|On me dit que|Sans surprise,|Belle surprise :|Pour info,|Comme hier,|Chez nous,|Question simple :"
    ),
    subjects=_split(
        "la queue devant le théâtre|le marché de la place|notre équipe|la médiathèque du quartier|le tramway de 8 h"
        "|l'atelier vélo|la nouvelle exposition|le café du coin|ma voisine|le forum des associations|la salle des fêtes"
        "|le chantier de la gare|l'école du village|la fanfare|le maire|le potager partagé"
    ),
    verbs=_part(
        "avance enfin|fait parler tout le monde|mérite le détour|a changé d'horaire|surprend encore|affiche complet"
        "|cherche des bénévoles|rouvre demain|prend de l'ampleur|nous manquait|donne le sourire|tient ses promesses"
        "|s'invite au déjeuner|part dans tous les sens"
    ),
    endings=_part(
        "après des mois d'attente.|et ça se voit.|malgré la pluie.|, qui vient avec moi ?|, photos à suivre.|ce soir."
        "|avec le sourire.|, merci à toutes et à tous !|, à ne pas manquer.|😀|, avis aux curieux.|… on en reparle."
        "|, voir https://exemple.example/lire|comme prévu."
    ),
    tag_heads=_split(
        "Météo|Marché|Concert|Festival|Élections|Théâtre|Vélo|Cinéma|Randonnée|Musée|Fête|École|Rugby|Librairie|Opéra"
        "|Forêt|Présidentielle|Énergie|Santé|Numérique"
    ),
    tag_tails=_split(
        "Lyon|Nantes|Orléans|Lille|Bordeaux|Besançon|Nîmes|Rennes|Angoulême|Paris|Toulouse|Évreux|Saumur|Dijon|Metz"
        "|Bretagne|Ouest|Sud|PourTous|Demain"
    ),
    first_names=_split("camille|louise|hugo|ines|jules|manon|leo|chloe|nathan|zoe|karim|sarah|thomas|aicha|paul|emma"),
    last_names=_split("martin|durand|petit|moreau|lefevre|roux|garnier|diallo|nguyen|benali|faure|lemoine|caron"),
)

ENGLISH = Language(
    openings=_opening(
        "Honestly,|This morning|Good news:|Finally!|Just now|Quick reminder:|I can confirm|From where I sit,|They say"
        "|No surprise,|Lovely surprise:|For the record,|Once again|Around here|Simple question:|Not going to lie,"
    ),
    subjects=_split(
        "the queue at the theatre|the farmers' market|our team|the local library|the early tram|the bike workshop"
        "|the new exhibition|the corner café|my neighbour|the town hall meeting|the village school|the brass band"
        "|the station works|the mayor|the community garden|the book club"
    ),
    verbs=_part(
        "is moving at last|has everyone talking|is worth the trip|changed the schedule|keeps surprising us|is sold out"
        "|needs volunteers|opens again tomorrow|is getting bigger|was sorely missed|made my day|delivers"
        "|came up over lunch|went in every direction"
    ),
    endings=_part(
        "after months of waiting.|and it shows.|despite the rain.|, who is coming?|, pictures to follow.|tonight."
        "|with a smile.|, thank you all!|, not to be missed.|😀|, just saying.|… more soon."
        "|, see https://example.example/read|as planned."
    ),
    tag_heads=_split(
        "Coffee|Running|Gardening|Jazz|Street|Weather|Museum|Cycling|Cricket|Science|Podcast|Library|Baking|Harbour"
        "|Startup|Teacher|Theatre|Vinyl|Puzzle|Allotment"
    ),
    tag_tails=_split(
        "Monday|Club|Week|London|Leeds|Dublin|Bristol|Live|Notes|Night|Daily|Chat|Festival|Fans|Hour|Walk|Makers"
        "|Stories|Corner|Friday"
    ),
    first_names=_split("olivia|jack|amelia|harry|isla|noah|ava|george|mia|oscar|grace|leah|ryan|priya|omar|ella"),
    last_names=_split("smith|jones|taylor|brown|walker|hughes|patel|green|clarke|kelly|murray|okafor|shaw"),
)

GERMAN = Language(
    openings=_opening(
        "Ehrlich gesagt:|Heute früh:|Gute Nachricht:|Endlich!|Gerade eben:|Nur zur Erinnerung:|Stimmt wirklich:"
        "|Von hier aus:|Man hört:|Keine Überraschung:|Schön:|Wie gestern:|Kurze Frage:|Bei uns:"
    ),
    subjects=_split(
        "die Schlange vor dem Theater|der Wochenmarkt|unsere Mannschaft|die Stadtbücherei|die frühe Straßenbahn"
        "|die Fahrradwerkstatt|die neue Ausstellung|das Café an der Ecke|meine Nachbarin|die Bürgerversammlung"
        "|die Dorfschule|die Blaskapelle|die Bahnhofsbaustelle|der Gemeinschaftsgarten"
    ),
    verbs=_part(
        "kommt endlich voran|ist Gesprächsthema|lohnt den Weg|hat neue Zeiten|überrascht uns wieder|ist ausverkauft"
        "|sucht Freiwillige|öffnet morgen wieder|wird immer größer|hat uns gefehlt|macht gute Laune|hält Wort"
    ),
    endings=_part(
        "nach Monaten.|und man merkt es.|trotz Regen.|, wer kommt mit?|, Bilder folgen.|heute Abend.|mit einem Lächeln."
        "|, danke euch allen!|, nicht verpassen.|😀|… später mehr.|, siehe https://beispiel.example/lesen|wie geplant."
    ),
    tag_heads=_split(
        "Wetter|Fußball|Bücher|Straßenfest|Kaffee|Radtour|Klima|Schule|Tatort|Garten|Bühne|Messe|Kunst"
        "|Chor|Zug|Hörspiel"
    ),
    tag_tails=_split(
        "Berlin|Köln|Leipzig|Abend|Morgen|Liebe|Woche|Zürich|Wien|Nord|Freunde|Tag|Runde|Treff|Tipp|München"
    ),
    first_names=_split("anna|lukas|lena|jonas|mia|finn|clara|emil|greta|paul|ida|mehmet|lotte|max"),
    last_names=_split("weber|klein|wolf|schulz|braun|richter|vogel|yilmaz|lang|busch|krause|horn"),
)

SPANISH = Language(
    openings=_opening(
        "La verdad,|Esta mañana|Buena noticia:|¡Por fin!|Ahora mismo|Recordad:|Lo confirmo:|Desde aquí,|Dicen que"
        "|Sin sorpresas,|Qué bien:|Como ayer,|Una pregunta:|Por aquí"
    ),
    subjects=_split(
        "la cola del teatro|el mercado de la plaza|nuestro equipo|la biblioteca del barrio|el tranvía de las ocho"
        "|el taller de bicis|la nueva exposición|el café de la esquina|mi vecina|la reunión vecinal"
        "|la escuela del pueblo"
        "|la banda de música|la obra de la estación|el huerto común"
    ),
    verbs=_part(
        "avanza por fin|da que hablar|merece la pena|cambió de horario|vuelve a sorprender|agotó las entradas"
        "|busca voluntarios|abre mañana otra vez|crece cada día|nos hacía falta|alegra el día|cumple lo prometido"
    ),
    endings=_part(
        "después de meses.|y se nota.|a pesar de la lluvia.|, ¿quién viene?|, pronto fotos.|esta noche."
        "|con una sonrisa."
        "|, ¡gracias a todos!|, no os lo perdáis.|😀|… seguiremos.|, ver https://ejemplo.example/leer"
        "|como estaba previsto."
    ),
    tag_heads=_split(
        "Fútbol|Música|Tiempo|Cine|Lectura|Ciencia|Cocina|Viajes|Barrio|Teatro|Huerto|Feria|Danza|Poesía|Montaña|Radio"
    ),
    tag_tails=_split(
        "Madrid|Sevilla|Málaga|Hoy|EnVivo|Joven|Bogotá|Norte|Abierta|Gratis|Finde|Vecinal|León|Lunes|Juntos|Mérida"
    ),
    first_names=_split("lucia|mateo|sofia|diego|martina|pablo|elena|alvaro|carla|nico|rosa|ivan|julia|marta"),
    last_names=_split("garcia|lopez|ruiz|navarro|ortega|vidal|campos|rios|vega|soto|molina|cano"),
)

JAPANESE = Language(
    openings=_split(
        "正直、|今朝は|朗報！|やっと、|今さっき、|ちなみに、|やっぱり|こちらでは|噂では|昨日と同じで、|うれしいことに|質問です、"
    ),
    subjects=_split(
        "駅前の行列が|朝の市場が|うちのチームが|町の図書館が|始発の電車が|自転車の工房が|新しい展示が|角の喫茶店が|お隣さんが|町内会が"
        "|村の学校が|吹奏楽団が|商店街のお祭りが|みんなの畑が"
    ),
    verbs=_split(
        "ようやく動き出して|話題になって|見に行く価値があって|時間を変えて|また驚かせてくれて|満席になって|人手を探していて|明日また開くらしく"
        "|どんどん大きくなって|待ち遠しかったので|元気をくれて|約束を守ってくれて"
    ),
    endings=_split(
        "うれしい。|よかったです！|雨でも大丈夫。|誰か行きませんか？|写真はあとで。|今夜もです。|ありがとう！|お見逃しなく。|😀|続きはまた。|予定どおりです。|最高でした。"
    ),
    tag_heads=_split("ラーメン|お天気|電車|読書|写真|音楽|映画|野球|猫の|喫茶|朝ごはん|花火|温泉|手芸|星空|登山"),
    tag_tails=_split("東京|大阪|京都|部|の日|好き|さんぽ|日和|クラブ|まつり|札幌|福岡|時間|紀行|ノート|散策"),
    first_names=_split("haruto|yui|sota|hina|ren|sakura|yuto|aoi|kaito|mio|riku|mei"),
    last_names=_split("sato|suzuki|tanaka|ito|yamada|mori|kondo|ueda|hara|ono|abe"),
)

ARABIC = Language(
    openings=_opening(
        "بصراحة،|هذا الصباح|خبر جميل:|أخيرا،|الآن|للتذكير،|أؤكد أن|من هنا،|يقولون إن|كالعادة،|سؤال بسيط:|عندنا"
    ),
    subjects=_split(
        "سوق الحي|فريقنا|مكتبة المدينة|قطار الصباح|معرض الصور|مقهى الزاوية|جارنا|اجتماع الحي|مسرح المدينة|حديقة الحي"
        "|مهرجان الربيع|نادي القراءة"
    ),
    verbs=_part(
        "يتقدم أخيرا|حديث الجميع|يستحق الزيارة|غير موعده|يفاجئنا من جديد|محجوز بالكامل|يبحث عن متطوعين|يفتح غدا"
        "|يكبر كل يوم|كان ينقصنا|أسعد يومي|عند وعده"
    ),
    endings=_part(
        "بعد شهور من الانتظار.|وهذا واضح.|رغم المطر.|، من يأتي معي؟|والصور لاحقا.|هذا المساء.|مع ابتسامة."
        "|، شكرا للجميع!|، لا يفوتكم.|😀|، وللحديث بقية.|كما كان مقررا."
    ),
    tag_heads=_split("طقس|سوق|كتاب|صباح|قهوة|سينما|موسيقى|رياضة|متحف|شعر|مسرح|سفر|مطبخ|صورة|حديقة|علوم"),
    tag_tails=_split(
        "القاهرة|تونس|الرباط|بيروت|اليوم|الخير|الجمعة|الأسبوع|المدينة|الحي|عمان|الغد|الليل|الربيع|وهران|جدة"
    ),
    first_names=_split("amine|salma|youssef|nour|khalil|rania|tarek|leila|samir|hiba|walid|maha"),
    last_names=_split("haddad|mansour|khoury|nasser|zahra|bakri|salem|amrani|farah|saidi|jaber"),
)

LANGUAGES: dict[str, Language] = {
    "fr": FRENCH,
    "en": ENGLISH,
    "de": GERMAN,
    "es": SPANISH,
    "ja": JAPANESE,
    "ar": ARABIC,
}


def spellings(tag: str) -> tuple[str, str, str]:
    """Three ways in which people write one tag (without its sigil): as given, in small letters, without accents.

    >>> spellings("ÉlectionsNîmes")
    ('ÉlectionsNîmes', 'électionsnîmes', 'electionsnimes')
    """
    return tag, tag.lower(), fold(tag)
