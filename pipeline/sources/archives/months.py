"""The names of months in many languages, and as people write them: without accents, in capitals, cut short."""

from __future__ import annotations

from pipeline.sources.archives.unaccented import unaccented

# in English, French, German, Spanish, Italian, Portuguese, Catalan, Dutch, Swedish, Danish, Norwegian, Finnish,
# Russian, Ukrainian, Bulgarian, Turkish, Polish, Czech, Slovak, Slovene, Croatian, Hungarian, Romanian, Greek,
# Indonesian, Arabic and Hebrew; no name means two months, but for Croatian's listopada, behind a day with a dot
_NAMES = (
    "stycznia يناير jan january janv janvier januar jänner ene enero gen gennaio janeiro januari янв "
    "января ocak ianuarie ledna січня ιανουαρίου ιαν tammikuuta ינואר בינואר ינו בינו sty oca siječnja "
    "gener januára januarja януари ian tammik січ جانفي",
    "lutego فبراير feb february févr février februar febrero febbraio fev fevereiro februari фев "
    "февраля şubat februarie února лютого φεβρουαρίου φεβ helmikuuta פברואר בפברואר פבר בפבר lut şub "
    "veljače febrer februára februarja февруари helmik лют فيفري شباط febr",
    "marca مارس mar march mars märz mrz marzo março mrt maart мар марта mart maret martie március "
    "března березня μαρτίου μαρ maaliskuuta מרץ במרץ מרס במרס ožujka març maalisk бер آذار maerz",
    "kwietnia أبريل apr april avr avril abr abril aprile апр апреля nisan aprilie április dubna квітня "
    "απριλίου απρ huhtikuuta אפריל באפריל אפר באפר kwi nis travnja apríla април huhtik квіт نيسان أفريل",
    "maja مايو may mai mayo mag maggio maio mei maj мая mayıs május května травня μαΐου μαΐ toukokuuta "
    "מאי במאי svibnja maig май toukok трав أيار ماي",
    "czerwca يونيو jun june juin juni junio giu giugno junho июн июня haziran iunie június června "
    "червня ιουνίου ιουν kesäkuuta יוני ביוני cze haz lipnja juny júna junija юни kesäk черв حزيران جوان "
    "iun",
    "lipca يوليو jul july juil juillet juli julio lug luglio julho июл июля temmuz iulie július "
    "července липня ιουλίου ιουλ heinäkuuta יולי ביולי lip tem srpnja juliol júla julija юли heinäk лип "
    "تموز جويلية يوليوز iul",
    "sierpnia أغسطس aug august août ago agosto augustus augusti авг августа ağustos agustus augusztus "
    "srpna серпня αυγούστου αυγ elokuuta אוגוסט באוגוסט אוג באוג sie ağu kolovoza agost augusta avgusta "
    "август elok серп آب أوت غشت agt",
    "września سبتمبر sep sept september septembre septiembre set settembre setembro сен сент сентября "
    "eylül septembrie szeptember září вересня σεπτεμβρίου σεπ syyskuuta ספטמבר בספטמבר ספט בספט wrz eyl "
    "rujna setembre septembra септември syysk вер أيلول شتنبر szept",
    "października أكتوبر oct october octobre okt oktober octubre ott ottobre out outubro окт октября "
    "ekim octombrie října жовтня οκτωβρίου οκτ lokakuuta אוקטובר באוקטובר אוק באוק paź eki októbra "
    "октомври lokak жовт",
    "listopada نوفمبر nov november novembre noviembre novembro ноя нояб ноября kasım noiembrie "
    "listopadu листопада νοεμβρίου νοε marraskuuta נובמבר בנובמבר נוב בנוב lis kas studenoga studenog "
    "novembra ноември marrask лист نونبر noi",
    "grudnia ديسمبر dec december décembre dez dezember dic diciembre dicembre dezembro дек декабря "
    "aralık desember decembrie prosince грудня δεκεμβρίου δεκ joulukuuta דצמבר בדצמבר דצמ בדצמ gru ara "
    "prosinca desembre decembra декември jouluk груд دجنبر des",
)


MONTHS = {unaccented(name): number for number, names in enumerate(_NAMES, 1) for name in names.split()}


def month_named(name: str) -> int | None:
    """The number of a month by its name, whole or short; None for what is no month.

    >>> month_named("août"), month_named("AOUT"), month_named("Ağu"), month_named("Kasım"), month_named("Montag")
    (8, 8, 8, 11, None)
    """
    return MONTHS.get(unaccented(name))
