"""Two pieces of prose in each of some languages: a question, and an answer to it. Written for these tests."""

from __future__ import annotations

PROSE = {
    "en": (
        "How do I cancel my order, and when will I get my money back?",
        "You can cancel the order in your account as long as it has not been shipped. The money is sent "
        "back within five days, to the card with which you have paid.",
    ),
    "de": (
        "Wie kann ich meine Bestellung stornieren, und wann bekomme ich mein Geld zurück?",
        "Du kannst die Bestellung in deinem Konto stornieren, solange sie noch nicht verschickt ist. Das "
        "Geld kommt innerhalb von fünf Tagen auf die Karte zurück, mit der du bezahlt hast.",
    ),
    "fr": (
        "Comment puis-je annuler ma commande, et quand serai-je remboursé ?",
        "Vous pouvez annuler la commande dans votre compte tant qu'elle n'est pas partie. L'argent est "
        "rendu en cinq jours sur la carte avec laquelle vous avez payé.",
    ),
    "es": (
        "¿Cómo puedo cancelar mi pedido y cuándo me devuelven el dinero?",
        "Puedes cancelar el pedido en tu cuenta mientras no haya salido. El dinero se devuelve en cinco "
        "días a la tarjeta con la que has pagado.",
    ),
    "pt": (
        "Como posso cancelar o meu pedido e quando recebo o dinheiro de volta?",
        "Você pode cancelar o pedido na sua conta enquanto ele não foi enviado. O dinheiro volta em "
        "cinco dias para o cartão com que foi pago.",
    ),
    "ca": (
        "Com puc cancel·lar la meva comanda, i quan em tornaran els diners?",
        "Pots cancel·lar la comanda al teu compte si encara no ha sortit. Els diners es tornen en cinc "
        "dies a la targeta amb què has pagat, i això és també un avís.",
    ),
    "it": (
        "Come posso annullare il mio ordine e quando ricevo indietro i soldi?",
        "Puoi annullare l'ordine nel tuo account finché non è stato spedito. I soldi tornano in cinque "
        "giorni sulla carta con la quale hai pagato.",
    ),
    "nl": (
        "Hoe kan ik mijn bestelling annuleren, en wanneer krijg ik mijn geld terug?",
        "Je kunt de bestelling in je account annuleren zolang die nog niet is verzonden. Het geld komt "
        "binnen vijf dagen terug op de kaart waarmee je hebt betaald.",
    ),
    "sv": (
        "Hur kan jag avbeställa min order och när får jag pengarna tillbaka?",
        "Du kan avbeställa ordern i ditt konto så länge den inte har skickats. Pengarna kommer tillbaka "
        "inom fem dagar till kortet som du har betalat med.",
    ),
    "fi": (
        "Miten voin peruuttaa tilaukseni ja milloin saan rahani takaisin?",
        "Voit peruuttaa tilauksen omalla tililläsi, jos se ei ole vielä lähtenyt. Rahat ovat takaisin "
        "viidessä päivässä sillä kortilla, jolla olet maksanut, kun tilaus on peruttu.",
    ),
    "pl": (
        "Jak mogę anulować zamówienie i kiedy dostanę pieniądze z powrotem?",
        "Możesz anulować zamówienie na swoim koncie, jeśli nie zostało jeszcze wysłane. Pieniądze wrócą "
        "w ciągu pięciu dni na kartę, którą było opłacone, o ile nie jest to karta podarunkowa.",
    ),
    "cs": (
        "Jak mohu zrušit objednávku a kdy dostanu peníze zpět?",
        "Objednávku je možné zrušit v účtu, pokud ještě nebyla odeslána. Peníze se vrátí do pěti dnů na "
        "kartu, se kterou jste platili, a to i v případě, že je to jiná karta.",
    ),
    "ro": (
        "Cum pot să anulez comanda și când îmi primesc banii înapoi?",
        "Poți să anulezi comanda din contul tău dacă nu a fost trimisă. Banii sunt returnați în cinci "
        "zile pe cardul cu care ai plătit.",
    ),
    "hu": (
        "Hogyan mondhatom le a rendelésemet, és mikor kapom vissza a pénzemet?",
        "A rendelést le lehet mondani a fiókban, ha még nem ment el. A pénz öt nap alatt érkezik vissza "
        "arra a kártyára, amely a fizetéshez kellett, és erről egy levél is jön.",
    ),
    "tr": (
        "Siparişimi nasıl iptal edebilirim ve parayı ne zaman geri alırım?",
        "Sipariş henüz gönderilmediyse, hesabınızda iptal edebilirsiniz. Para, ödeme için olan karta beş "
        "gün içinde ve en geç bir hafta sonra gelir; bu kadar.",
    ),
    "id": (
        "Bagaimana saya bisa membatalkan pesanan, dan kapan uang saya kembali?",
        "Anda dapat membatalkan pesanan di akun jika belum dikirim. Uang akan kembali dalam lima hari ke "
        "kartu yang digunakan untuk membayar.",
    ),
    "vi": (
        "Tôi hủy đơn hàng như thế nào và khi nào tôi được hoàn tiền?",
        "Bạn có thể hủy đơn hàng trong tài khoản nếu đơn chưa được gửi. Tiền sẽ được trả về thẻ của bạn "
        "trong năm ngày.",
    ),
    "ru": (
        "Как я могу отменить заказ и когда мне вернут деньги?",
        "Вы можете отменить заказ в личном кабинете, если он ещё не отправлен. Деньги вернутся в течение "
        "пяти дней на карту, с которой была оплата.",
    ),
    "uk": (
        "Як я можу скасувати замовлення і коли мені повернуть гроші?",
        "Ви можете скасувати замовлення в кабінеті, якщо його ще не було надіслано. Гроші повернуться за "
        "п'ять днів на картку, з якої була оплата, або на іншу, яку ви вкажете.",
    ),
    "bg": (
        "Как мога да отменя поръчката и кога ще си получа парите?",
        "Можете да отмените поръчката в профила си, ако още не е изпратена. Парите се връщат до пет дни "
        "по картата, с която е платено, и за това има съобщение.",
    ),
    "ar": (
        "كيف يمكن أن ألغي الطلب، ومتى تعود النقود إلى حسابي؟",
        "يمكن إلغاء الطلب من الحساب قبل أن يتم إرساله. تعود النقود في خمسة أيام إلى البطاقة التي كان الدفع من خلالها.",
    ),
    "fa": (
        "چگونه می‌توانم سفارش خود را لغو کنم و پول من کی برمی‌گردد؟",
        "شما باید سفارش را از حساب خود لغو کنید، اگر ارسال نشده است. پول تا پنج روز به کارتی که با آن "
        "پرداخت شده برای شما برمی‌گردد.",
    ),
    "ur": (
        "میں اپنا آرڈر کیسے منسوخ کروں اور پیسے کب واپس ہوں گے؟",
        "آپ اپنے اکاؤنٹ میں آرڈر منسوخ کر سکتے ہیں اگر یہ روانہ نہیں ہوا۔ پیسے پانچ دن میں اس کارڈ پر "
        "واپس آتے ہیں جس سے ادائیگی کی گئی تھی۔",
    ),
    "hi": (
        "मैं अपना ऑर्डर कैसे रद्द करूँ और पैसे कब वापस होंगे?",
        "आप अपने खाते में ऑर्डर रद्द कर सकते हैं, यदि वह भेजा नहीं गया है। पैसे पाँच दिन में उस कार्ड पर "
        "वापस आते हैं जिससे भुगतान किया गया था।",
    ),
    "mr": (
        "मी माझी ऑर्डर कशी रद्द करू आणि पैसे कधी परत मिळतील? ते मला सांगा, मी वाट पाहत आहे.",
        "तुम्ही तुमच्या खात्यात ऑर्डर रद्द करू शकता, जर ती पाठवली नाही. पैसे पाच दिवसांत ज्या कार्डने "
        "दिले होते त्या कार्डवर परत येतात आणि ते बँकेत जमा होते.",
    ),
    "el": (
        "Πώς ακυρώνω την παραγγελία μου;",
        "Μπορείτε να την ακυρώσετε στον λογαριασμό σας, αν δεν έχει σταλεί.",
    ),
    "he": (
        "איך אני מבטל את ההזמנה שלי?",
        "אפשר לבטל את ההזמנה בחשבון, כל עוד היא לא נשלחה.",
    ),
    "th": (
        "ฉันจะยกเลิกคำสั่งซื้อได้อย่างไร",
        "คุณสามารถยกเลิกคำสั่งซื้อได้ในบัญชีของคุณ หากยังไม่ได้จัดส่ง",
    ),
    "ko": (
        "주문을 어떻게 취소하나요?",
        "아직 발송되지 않았다면 계정에서 주문을 취소할 수 있습니다.",
    ),
    "zh": (
        "怎么取消我的订单？什么时候退款？",
        "如果订单还没有发货，你可以在账户中取消。款项会在五天内退回到付款的银行卡。",
    ),
    "ja": (
        "注文をキャンセルするにはどうすればいいですか。",
        "発送前であれば、アカウントからキャンセルできます。お金は五日以内にカードに戻ります。",
    ),
}

UNKNOWN = (
    "Hoe kan ek my bestelling kanselleer, en wanneer kry ek my geld terug?",  # Afrikaans
    "Hvordan kan jeg afbestille min ordre, og hvornår får jeg pengene tilbage?",  # Danish
    "Kako mogu otkazati narudžbu i kada ću dobiti novac natrag?",  # Croatian
    "Ninawezaje kughairi oda yangu, na nitarudishiwa pesa lini?",  # Swahili
    "Nola ezeztatu dezaket nire eskaera, eta noiz itzuliko didate dirua?",  # Basque
    "",
    "42",
    "OK",
    "ACME GmbH, 2024-05-04",
    "😀😀😀",
    "SELECT name FROM users WHERE id = 7;",
    "x = [1, 2, 3]",
    "https://example.com/the/and/of/that/with/this",
    "```\nthe and of that with this for you are\n```",
    "<p class='the and of that with this for you'>",
    "الف",
    "আমি কীভাবে আমার অর্ডার বাতিল করব?",  # Bengali, which shares its script with Assamese
)
"""In which nothing is to be taken for English; at most for a language that is close."""
