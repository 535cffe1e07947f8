// The view face to face in both languages: each half speaks its own.

export const FACING = {
  en: {
    "face.stop": "Stop",
    "face.half": "For whoever speaks English",
    "face.said": "What was said",
    "face.speak": "Speak English",
    "face.welcome": "Press the button and speak English. What is said in Spanish is read here.",
    "face.failed": "Not translated",
    "face.interrupted": "The connection broke off",
    "face.waiting": "Waits for the server",
    "face.gist": "≈ rough translation",
    "face.both": "For both halves",
    "face.auto": "Auto",
    "face.swap": "Change places",
    "face.turn": "The far half turned round",
    "face.close": "Back to the cards",
  },
  es: {
    "face.stop": "Parar",
    "face.half": "Para quien habla español",
    "face.said": "Lo que se dijo",
    "face.speak": "Hablar español",
    "face.welcome": "Pulse el botón y hable en español. Lo que se diga en inglés se lee aquí.",
    "face.failed": "Sin traducir",
    "face.interrupted": "Se cortó la conexión",
    "face.waiting": "Espera al servidor",
    "face.gist": "≈ traducción aproximada",
    "face.both": "Para las dos mitades",
    "face.auto": "Auto",
    "face.swap": "Cambiar de lado",
    "face.turn": "La otra mitad girada",
    "face.close": "Volver a las tarjetas",
  },
};

export function sayFacing(key, language = document.documentElement.lang) {
  return FACING[language.slice(0, 2)][key];
}
