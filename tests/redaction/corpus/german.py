"""German: grouped telephone numbers, umlauts in addresses, reference numbers of all kinds."""
# ruff: noqa: E501 - a sample is a line

from __future__ import annotations

PLANTED = [
    "Rufen Sie uns an: ⟦phone|040 66969 123⟧ oder mobil ⟦phone|0152 28817386⟧.",
    "Telefon: ⟦phone|(030) 23125-456⟧, Telefax: ⟦phone|030/23125-457⟧",
    "Büro ⟦phone|+49 89 99998 123⟧, privat ⟦phone|069/90009123⟧",
    "Tel.: ⟦phone|0221 / 4710 123⟧",
    "Handy ⟦phone|01761234567⟧ nur abends",
    "Wien: ⟦phone|+43 1 234 5678⟧, Zürich: ⟦phone|+41 44 668 18 00⟧",
    "Schreiben Sie an ⟦email|grüße@straße.example⟧ oder ⟦email|info@xn--mller-kva.example⟧.",
    "E-Mail: ⟦email|max.mustermann@example.de⟧; Antwort an ⟦email|noreply@example.de⟧",
    "Konto: IBAN ⟦iban|DE12 5001 0517 0648 4898 90⟧, BIC INGDDEFF",
    "IBAN⟦iban|AT611904300234573201⟧ und ⟦iban|CH93 0076 2011 6238 5295 7⟧",
    "Kreditkarte ⟦card|5200 8282 8282 8210⟧, gültig bis 12/27",
    "Das Passwort lautet ⟦password|Sommer2024!⟧",
    "Kennwort: ⟦password|Geh3im_42⟧",
    "Passwort=⟦password|winterreifen⟧",
    "Zugriff von ⟦ipv4|198.51.100.7⟧ um 12:34 Uhr",
    "Mein Passwort ist „⟦password|Zucker&Salz7⟧“.",
    "Bitte Rückruf unter ⟦phone|0176 040690 12⟧ (Jonas)",
    "Überweisung an ⟦iban|BE68 5390 0754 7034⟧ oder ⟦iban|LU28 0019 4006 4475 0000⟧, Betrag 1.234,56 €",
    "Polen: ⟦iban|PL61 1090 1014 0000 0712 1981 2874⟧; Italien: ⟦iban|IT60X0542811101000000123456⟧; Malta: ⟦iban|MT84MALT011000012345MTLCAST001S⟧",
    "Schweden ⟦iban|SE45 5000 0000 0583 9825 7466⟧, Norwegen ⟦iban|NO93 8601 1117 947⟧.",
    "Der Schlüssel ⟦api_key|gl‖pat-Ab1Cd2Ef3Gh4Ij5Kl6Mn⟧ ist abgelaufen.",
    'Zugangsdaten: Benutzer lena, Passwort: "⟦password|Kaffee+Kuchen⟧"',
]

NEGATIVES = [
    "Bestellnummer 0171-1234567 vom 06.05.2024",
    "Rechnungsnummer: 2024 0815 4711, Kundennr. 0176 1234567",
    "Am 06.05.2024 um 12:34:56 Uhr, KW 19, Zimmer 0815.",
    "Der Preis stieg von 1.234.567,89 € auf 2.345.678,90 €.",
    "Sozialversicherungsnummer und USt-ID: DE 811 907 980",
    "Das Passwort muss mindestens 8 Zeichen haben. Passwort: erforderlich",
    "Passwort vergessen? Neues Passwort: bitte zweimal eingeben",
    "Postleitzahl 10115 Berlin, Postfach 12 34 56",
    "Artikelnummer 4006381 333931, Charge L 240506 B2",
    "§ 1.2.3.4 Abs. 5, Aktenzeichen: 030 123456",
    "Version 11.22.33.44 ist veraltet; Kapitel 3.1.4.1",
    "HRB 123456, Amtsgericht Charlottenburg, Gläubiger-ID DE98ZZZ09999999999",
    "Die Formel lautet 2,5 · 10^6; 0,1 + 0,2 = 0,30000000000000004",
    "Der Zug ICE 1234 fährt um 08:15 auf Gleis 12 ab.",
    "A-1010 Wien, CH-8001 Zürich, D-10115 Berlin",
    "Vertragsnummer 0123-456789-01 und Zählernummer 1EMH0012345678",
    "EAN 4012345678901, PZN 01234567, ISBN 978-3-446-12345-6",
    "Der Schlüssel: Geduld. Das Token ist ungültig. Geheimnis: keins.",
    "Steuer-ID: 12 345 678 901 (elfstellig)",
    "Kfz-Kennzeichen B-AB 1234, Fahrgestellnummer WVWZZZ1JZ3W386752",
    "Öffnungszeiten: Mo-Fr 08:00-18:00, Sa 09.00-13.00",
    "Spiel 3:2 (1:1), 45.678 Zuschauer, 90.+4 Minute",
]
