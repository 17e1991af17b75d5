"""The commonest words of languages, which mean nothing by themselves: by script and ISO 639-1."""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    "latin": {
        "en": "the be to of and a in that have it for not on with he as you do at this but his by from they we say "
        "her or an will my one all would there their what so up out if about who get which go me when can like "
        "no just him is are was were has had how your its does did been could should than then i",
        "de": "der die das und ist nicht ein eine einen einem einer eines zu in den dem des mit auf für von sich auch "
        "als an es er sie wir ihr ich du mich mir dir was wie wo wer warum wird werden wurde sind war hat haben "
        "kann können oder aber wenn dass nur noch nach bei aus um über so im am zum zur vom kein keine sehr "
        "durch bitte",
        "fr": "le la les un une des de du et est pas que qui dans pour sur avec ne ce cette ces il elle nous vous je "
        "tu se son sa ses leur au aux par plus ou où mais comme être avoir sont était ont fait quel quelle quoi "
        "comment pourquoi très aussi peut sans sous entre donc votre vos mon ma mes d l qu j n c s",
        "es": "el la los las un una unos unas de del y es no que en por para con se su sus lo al como más pero o este "
        "esta estos estas ese eso qué quién cuál cómo cuándo dónde cuánto hay está están son fue ser tiene "
        "tienen puede muy también entre sin sobre cuando donde porque me te nos yo tú usted nuestro mi tu si ya",
        "pt": "o a os as um uma uns umas de do da dos das e é não que em no na nos nas por para com se seu sua seus "
        "suas ao aos à às como mais mas ou este esta esse essa isso isto qual quais quem quando onde há está "
        "estão são foi ser tem têm pode muito também entre sem sobre porque pelo pela eu você nós eles meu "
        "minha já",
        "ca": "el la els les un una uns unes de del dels i és que no en per amb als al meu meva seu seva com quan on "
        "què qui quin quina perquè aquest aquesta aquests aquestes això hi ha són era ser pot puc també molt més però "
        "o si em et es ens us li jo tu ell ella nosaltres vostè fins sense entre sobre des només ja",
        "it": "il lo la i gli le un uno una di del della dei delle degli dello e è non che in nel nella nei nelle per "
        "con su sul sulla da dal dalla al alla ai alle si come più ma o anche questo questa questi queste "
        "quello quella cosa chi quale quali quando dove perché sono era essere ha hanno può molto tra senza io "
        "tu lui lei noi voi loro mi ti ci",
        "nl": "de het een en is niet van in op te dat die voor met zijn aan er ook als bij om uit door maar naar dan "
        "nog wat hoe waar wie waarom wordt worden was waren heeft hebben kan kunnen zal moet deze dit je jij "
        "jouw ik we wij hij ze zij u uw of geen meer over tot onder tussen",
        "sv": "och att det i en ett är som på de av för med den till inte om har jag du vi han hon man så men var vad "
        "hur när där vem varför kan ska skulle från eller också efter vid mot mellan under över mycket mer än "
        "denna detta dessa finns blir hade sig sin sitt min din",
        "da": "og at det i en et er som på de af for med den til ikke om har jeg du vi han hun man så men var hvad "
        "hvordan hvornår hvor hvem hvorfor kan skal skulle fra eller også efter ved mod mellem under over meget "
        "mere end denne dette disse findes bliver havde sig sin sit min din der",
        "nb": "og at det i en et er som på de av for med den til ikke om har jeg du vi han hun man så men var hva "
        "hvordan når hvor hvem hvorfor kan skal skulle fra eller også etter ved mot mellom under over mye mer "
        "enn denne dette disse finnes blir hadde seg sin sitt min din der",
        "fi": "ja on ei että se hän joka mutta myös kun niin kuin tai jos ovat oli ole olla voi minä sinä me te he "
        "mikä mitä missä miten miksi kuka tämä nämä sen siitä sitä kanssa vain vielä hyvin paljon enemmän jo "
        "nyt sekä koska",
        "pl": "i w na z do się nie jest to że o jak za od po co dla czy ale tak już przez oraz są był była było być "
        "może tego tym ten ta te który która które jaki jaka jakie gdzie kiedy dlaczego kto jego jej ich mnie "
        "mi ci lub bardzo także tylko bez pod nad między",
        "cs": "a v se na je že s z do o to i jako za pro ale jak od po by jsou byl byla bylo být co kde kdy proč kdo "
        "který která které tento tato toto není nebo také již podle aby ve ze při mezi pouze velmi jeho její "
        "jejich si mi ho",
        "ro": "și în de la a cu pe un o nu este că din pentru care mai se au fost sunt sau dar ca să ce cum unde când "
        "cine această acest aceste acesta fi ar prin după între foarte fără lui ei lor îmi îți ai am al ale",
        "hu": "a az és hogy nem is egy van meg de ha ez ami mint vagy csak már még volt lesz kell lehet mi hol mikor "
        "miért hogyan ki aki ezt azt ennek annak között nagyon több alatt után szerint én te ő mely melyik",
        "tr": "ve bir bu da de için ile ne çok daha en gibi olarak olan var yok mi mı mu mü ama veya ya değil nasıl "
        "nerede neden kim hangi o ben sen biz siz onlar kadar sonra önce her şey ise ki çünkü olduğu olur",
        "id": "yang dan di ini itu dengan untuk tidak dari dalam adalah ke pada akan atau juga saya anda kami kita "
        "mereka apa siapa mengapa bagaimana dimana kapan bisa dapat sudah telah lebih karena oleh ada seperti "
        "sebagai tersebut bahwa jika namun",
        "vi": "và của là có không được cho trong một các những này đó với để người khi từ như đã sẽ đang ở về thì mà "
        "hay hoặc nào gì ai đâu tại sao thế rất cũng vì nếu bạn tôi chúng trên dưới theo nhiều",
    },
    "cyrillic": {
        "ru": "и в не на что я с он а как это по но они к у ты из мы за вы так же от для о её его их или если уже "
        "когда где кто почему какой какая какие был была было были быть есть бы только ещё еще может можно "
        "очень чтобы при также этот эта эти мне меня том до",
        "uk": "і в не на що я з він а як це по але вони до у ти із ми за ви так від для о її його їх або якщо вже "
        "коли де хто чому який яка які був була було були бути є б тільки ще може можна дуже щоб при також цей "
        "ця ці мені мене та й",
        "bg": "и в не на че аз с той а как това по но те към у ти от ние за вие така до или ако вече кога къде кой "
        "защо каква какво какви беше са е съм бъде има само още може много да се при също този тази тези ми му "
        "ще със",
    },
    "arabic": {
        "ar": "في من على إلى عن أن إن هذا هذه ذلك التي الذي ما هو هي كان كانت لا لم لن قد كل مع بعد قبل بين حتى أو ثم "
        "كيف أين متى لماذا هل عند كما يمكن أي غير",
        "fa": "در به از که این را با است برای آن یک می های خود تا کرد بر هم نیز شده شد باید ما شما من او چه کجا چرا "
        "چگونه اما یا اگر بود هستند می‌شود کنید ها بین",
        "ur": "کے کی ہے میں اور سے کو کا ہیں نے پر یہ اس کہ ایک تھا بھی نہیں کر وہ ہو جو کیا کیوں کہاں کیسے آپ ہم تو "
        "لیے گیا ساتھ یا اگر",
    },
    "devanagari": {
        "hi": "है हैं का की के में और से को नहीं यह पर था थी थे कि एक भी तो ने हो कर या क्या क्यों कैसे कहाँ कहां आप "
        "हम मैं वह लिए साथ इस उस जो गया",
        "mr": "आहे आहेत आणि हे ते ही तो ती नाही मध्ये चा ची चे च्या होते होता होती का काय कसे कुठे मी तुम्ही आम्ही पण "
        "किंवा साठी एक या त्या करा केले असे झाले",
    },
}
